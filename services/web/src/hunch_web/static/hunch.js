// Keys for readers who like them: j and k walk the stream, o opens, / searches.
// Everything works without this file.
(() => {
  "use strict";
  const posts = () => [...document.querySelectorAll(".post, .lines li")];
  let at = -1;
  const go = (step) => {
    const all = posts();
    if (!all.length) return;
    at = Math.min(all.length - 1, Math.max(0, at + step));
    const link = all[at].querySelector(".title a, .line a, .when");
    all[at].scrollIntoView({ block: "start" });
    if (link) link.focus({ preventScroll: true });
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, audio")) return;
    if (event.key === "j") go(1);
    else if (event.key === "k") go(-1);
    else if (event.key === "/") {
      const field = document.getElementById("seek-q");
      if (field) { event.preventDefault(); field.focus(); }
    }
  });
  // Bring the chosen filter into view where the filters are a row.
  const current = document.querySelector(".filters [aria-current]");
  const row = document.querySelector(".filters");
  if (current && row && row.scrollWidth > row.clientWidth) {
    row.scrollLeft = current.offsetLeft - row.clientWidth / 2 + current.offsetWidth / 2;
  }
})();
