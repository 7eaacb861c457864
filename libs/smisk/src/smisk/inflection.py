"""Words from one form to another, in English and Swedish.

``pluralize("mouse") == "mice"``, ``ordinalize(1002) == "1002nd"``,
``camelize("user_name") == "UserName"`` and back.
"""

import re

Rules = list[tuple[re.Pattern[str], str]]


class Inflector:
    """The rules of one language; of those that fit a word the last one counts.

    Args:
        endings: What stands before, the ending of one, the ending of several. Both ways
            follow from it.
        plural: Pairs of pattern and replacement for what does not go both ways.
        singular: The same for the way back.
        irregular: Words as ``singular/plural``.
        uncountable: Words without a plural.
    """

    def __init__(
        self,
        endings: list[tuple[str, str, str]],
        plural: list[tuple[str, str]],
        singular: list[tuple[str, str]],
        irregular: str,
        uncountable: str,
    ) -> None:
        both = [(f"({stem}){one}$", rf"\g<1>{many}") for stem, one, many in endings]
        back = [(f"({stem}){many}$", rf"\g<1>{one}") for stem, one, many in endings]
        self._plural = _rules(both + plural)
        self._singular = _rules(back + singular)
        pairs = [pair.split("/") for pair in irregular.split()]
        self._to_plural = {pair[0]: pair[1] for pair in pairs}
        self._to_singular = {pair[1]: pair[0] for pair in pairs}
        self._uncountable = frozenset(uncountable.split())

    def pluralize(self, word: str) -> str:
        """Return the plural of `word`."""
        return self._apply(word, self._to_plural, self._to_singular, self._plural)

    def singularize(self, word: str) -> str:
        """Return the singular of `word`."""
        return self._apply(word, self._to_singular, self._to_plural, self._singular)

    def _apply(
        self,
        word: str,
        irregular: dict[str, str],
        already: dict[str, str],
        rules: Rules,
    ) -> str:
        # Of "user_mouse" only the last word changes.
        head, last = re.fullmatch(r"(.*?)([^\W_]*)", word, re.DOTALL).groups()  # type: ignore[union-attr]
        lower = last.lower()
        if lower in irregular:
            form = irregular[lower]
            return head + (last[0] + form[1:] if form[0] == lower[0] else form)
        if not last or lower in self._uncountable or lower in already:
            return word
        for pattern, replacement in rules:
            changed, count = pattern.subn(replacement, last, count=1)
            if count:
                return head + changed
        return word

    def ordinalize(self, number: int) -> str:
        """Return `number` as a place: 1st."""
        tens = abs(number) % 100
        ones = 0 if 10 < tens < 14 else tens % 10
        return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(ones, 'th') }"

    def tableize(self, class_name: str) -> str:
        """Return the table of a class: ``UserName`` is kept in ``user_names``."""
        return self.pluralize(underscore(class_name))

    def classify(self, table_name: str) -> str:
        """Return the class of a table."""
        return camelize(self.singularize(table_name.rpartition(".")[2]))


def _rules(pairs: list[tuple[str, str]]) -> Rules:
    return [(re.compile(find, re.IGNORECASE), put) for find, put in reversed(pairs)]


class _Swedish(Inflector):
    def ordinalize(self, number: int) -> str:
        """Return `number` as a place: 1:a."""
        is_a = number % 10 in (1, 2) and number % 100 not in (11, 12)
        return f"{number}:{'a' if is_a else 'e'}"


def camelize(word: str) -> str:
    """``user_name`` becomes ``UserName``, ``a/b`` becomes ``A.B``."""
    parts = word.replace("/", ".").split(".")
    return ".".join("".join(w[:1].upper() + w[1:] for w in p.split("_")) for p in parts)


def underscore(word: str) -> str:
    """``UserName`` becomes ``user_name``."""
    word = re.sub(r"(?<=[a-z\d])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", word)
    return word.replace("-", "_").lower()


def humanize(word: str) -> str:
    """``author_id`` becomes ``Author``."""
    text = re.sub(r"_id$", "", word).replace("_", " ").strip()
    return text[:1].upper() + text[1:]


def demodulize(name: str) -> str:
    """``a.b.Name`` becomes ``Name``."""
    return name.rpartition(".")[2]


def foreign_key(class_name: str) -> str:
    """``a.UserName`` becomes ``user_name_id``."""
    return underscore(demodulize(class_name)) + "_id"


en = Inflector(
    [
        ("[^s]", "", "s"),
        ("octop|alumn|cact|fung|nucle|radi|stimul|syllab", "us", "i"),
        ("alias|status|campus|bus|gas|virus", "", "es"),
        (
            "buffal|domin|ech|embarg|her|mosquit|potat|tomat|torped|vet|volcan",
            "o",
            "oes",
        ),
        ("[ti]", "um", "a"),
        ("analy|ba|diagno|progno|parenthe|synop|the|cri|oa|empha|neuro", "sis", "ses"),
        ("cal|hal|lea|loa|scar|shel|thie|wol|sel|el", "f", "ves"),
        ("kni|wi|li", "fe", "ves"),
        ("[^aeiouy]|qu", "y", "ies"),
        ("x|ch|ss|sh|zz|tz", "", "es"),
        ("ax|test", "is", "es"),
        ("quiz", "", "zes"),
        ("matr|append", "ix", "ices"),
        ("vert|ind", "ex", "ices"),
        ("m|l", "ouse", "ice"),
        ("phenomen|criteri", "on", "a"),
    ],
    plural=[(r"(album|forum|museum|premium|stadium|asylum)$", r"\1s")],
    singular=[(r"(sis|alias|status|campus|bus|gas|virus)$", r"\1")],
    irregular=(
        "person/people man/men woman/women child/children foot/feet tooth/teeth "
        "goose/geese ox/oxen move/moves movie/movies"
    ),
    uncountable="equipment information rice money species series fish sheep news deer",
)
sv = _Swedish(
    [],
    plural=[
        (r"$", "er"),
        (r"([aeiouyåäö])n$", r"\1nar"),
        (r"([^aeiouyåäö])$", r"\1ar"),
        (r"(t|d|p|on|het|nad|skap|else)$", r"\1er"),
        (r"else$", "elser"),
        (r"a$", "or"),
        (r"e$", "ar"),
        (r"(are|ande|ende|erska)$", r"\1"),
        (r"erska$", "erskor"),
        (r"(um)$", "er"),
        (r"([ei])o$", r"\1or"),
        (r"(.)el$", r"\1lar"),
        (r"(.)er$", r"\1rar"),
        (r"(.)en$", r"\1nar"),
    ],
    singular=[
        (r"(er|ar|or)$", ""),
        (r"or$", "a"),
        (r"elser$", "else"),
        (r"([^aeiouyåäö])lar$", r"\1el"),
        (r"([bdgkpt])rar$", r"\1er"),
        (r"(r|t|p|v|g|k|d|s)nar$", r"\1en"),
        (r"(poj|flick|bull|ung)ar$", r"\1e"),
        (r"(poj)kar$", r"\1ke"),
    ],
    irregular=(
        "man/män mus/möss gås/gäss lus/löss fot/fötter hand/händer bok/böcker "
        "son/söner dotter/döttrar mor/mödrar far/fäder bror/bröder öga/ögon "
        "öra/öron användare/användare land/länder stad/städer natt/nätter "
        "tand/tänder foto/foton konto/konton piano/pianon"
    ),
    uncountable="barn hus år djur ord namn språk träd får svin ägg inlägg",
)
#: Language to rules.
LANGUAGES = {"en": en, "sv": sv}
pluralize = en.pluralize
singularize = en.singularize
ordinalize = en.ordinalize
tableize = en.tableize
classify = en.classify
