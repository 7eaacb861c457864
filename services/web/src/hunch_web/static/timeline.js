// The timeline's lens: #2026-11-22 shows a day, #2026-11 a month; arrow keys walk the
// days. Without this file every square is a link to its day.
(() => {
  "use strict";
  const lens = document.getElementById("lens");
  const days = [...document.querySelectorAll(".grid a")].sort((a, b) => (a.id < b.id ? -1 : 1));
  const form = /^\d{4}(-\d\d(-\d\d)?)?$/;

  const element = (name, text, attributes = {}) => {
    const made = document.createElement(name);
    made.textContent = text;
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };

  const words = (item) => {
    if (item.title || item.summary) return item.title || item.summary;
    const body = new DOMParser().parseFromString(item.content_html, "text/html").body;
    return body.textContent.trim() || "Untitled";
  };

  const row = (item) => {
    const line = document.createElement("li");
    const moment = new Date(item.date_published);
    line.append(
      element("time", moment.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: lens.dataset.zone }),
        { datetime: item.date_published }),
      element("a", words(item), { href: new URL(item.url).pathname }),
    );
    return line;
  };

  const show = async () => {
    const period = location.hash.slice(1);
    document.querySelectorAll(".grid .chosen").forEach((one) => one.classList.remove("chosen"));
    if (!form.test(period) || period.length === 4) { lens.hidden = true; return; }
    const square = document.getElementById(period);
    if (square && period.length === 10) square.classList.add("chosen");
    const path = `/${period.replaceAll("-", "/")}`;
    let feed;
    try {
      const reply = await fetch(`${path}.json`, { headers: { Accept: "application/feed+json" } });
      if (!reply.ok) throw new Error(reply.status);
      feed = await reply.json();
    } catch { lens.hidden = true; return; }
    if (location.hash.slice(1) !== period) return;
    const list = document.createElement("ol");
    list.append(...feed.items.map(row));
    if (!feed.items.length) list.append(element("li", "Nothing here."));
    const more = element("p", "", { class: "more" });
    more.append(element("a", "All of it", { href: `${path}/` }));
    lens.replaceChildren(element("h2", feed.title.split(": ").pop()), list, more);
    lens.hidden = false;
    // The lens stays in view; so shall the square that it is about.
    if (!square) return;
    const { top, bottom } = square.getBoundingClientRect();
    const edge = lens.getBoundingClientRect().bottom;
    if (top < edge + 8 || bottom > innerHeight) {
      scrollBy({ top: top - edge - 96, behavior: "instant" });
    }
  };

  document.querySelector("main").addEventListener("click", (event) => {
    const link = event.target.closest(".grid a");
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    history.pushState(null, "", `#${link.id}`);
    show();
  });
  document.addEventListener("keydown", (event) => {
    if (event.target.closest("input") || event.metaKey || event.ctrlKey || event.altKey) return;
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (event.key === "Escape") { history.pushState(null, "", location.pathname); show(); }
    if (!step || !days.length) return;
    const at = days.findIndex((day) => day.id === location.hash.slice(1));
    const next = at < 0 ? days[days.length - 1] : days[Math.min(days.length - 1, Math.max(0, at + step))];
    event.preventDefault();
    history.replaceState(null, "", `#${next.id}`);
    show();
  });
  addEventListener("hashchange", show);
  addEventListener("popstate", show);
  show();
})();
