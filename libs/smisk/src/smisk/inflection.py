"""Words from one form to another, in English and Swedish.

``pluralize("mouse") == "mice"``, ``ordinalize(1002) == "1002nd"``,
``camelize("user_name") == "UserName"`` and back. Rules are tried last to first.
"""

import re

Rules = list[tuple[str, str]]


class Inflector:
    """The rules of one language.

    Args:
        plural: Pairs of pattern and replacement, the more special ones later.
        singular: The same for the way back.
        irregular: Words as ``singular/plural``.
        uncountable: Words without a plural.
    """

    def __init__(
        self, plural: Rules, singular: Rules, irregular: str, uncountable: str
    ) -> None:
        self._plural = _rules(plural)
        self._singular = _rules(singular)
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
        rules: list[tuple[re.Pattern[str], str]],
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


def _rules(pairs: Rules) -> list[tuple[re.Pattern[str], str]]:
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


_VOWEL_O = r"(buffal|domin|ech|embarg|her|mosquit|potat|tomat|torped|vet|volcan)"
_SIS = r"(analy|ba|diagno|parenthe|progno|synop|the|cri|oa|empha|hypothe|neuro)"
_VES = r"(kni|wi|li|cal|hal|lea|loa|scar|shel|thie|wol|sel|el)"
en = Inflector(
    plural=[
        (r"$", "s"),
        (r"s$", "s"),
        (r"(ax|test)is$", r"\1es"),
        (r"(octop|vir|alumn|cact|fung|nucle|radi|stimul|syllab)us$", r"\1i"),
        (r"(alias|status|campus|bus|gas|virus)$", r"\1es"),
        (_VOWEL_O + r"o$", r"\1oes"),
        (r"([ti])um$", r"\1a"),
        (r"(album|forum|museum|premium|stadium|asylum)$", r"\1s"),
        (r"sis$", "ses"),
        (_VES + r"fe?$", r"\1ves"),
        (r"([^aeiouy]|qu)y$", r"\1ies"),
        (r"(x|ch|ss|sh|z)$", r"\1es"),
        (r"(quiz)$", r"\1zes"),
        (r"(matr|append|vert|ind)(?:ix|ex)$", r"\1ices"),
        (r"(m|l)ouse$", r"\1ice"),
        (r"(phenomen|criteri)on$", r"\1a"),
    ],
    singular=[
        (r"s$", ""),
        (r"ss$", "ss"),
        (r"(n)ews$", r"\1ews"),
        (r"([ti])a$", r"\1um"),
        (_SIS + r"ses$", r"\1sis"),
        (_VES.replace("kni|wi|li|", "") + r"ves$", r"\1f"),
        (r"(kni|wi|li)ves$", r"\1fe"),
        (r"([^aeiouy]|qu)ies$", r"\1y"),
        (r"(m)ovies$", r"\1ovie"),
        (r"(x|ch|ss|sh|zz)es$", r"\1"),
        (r"(m|l)ice$", r"\1ouse"),
        (_VOWEL_O + r"oes$", r"\1o"),
        (r"^(shoe|toe|foe)s$", r"\1"),
        (r"(ax|test)es$", r"\1is"),
        (r"(octop|vir|alumn|cact|fung|nucle|radi|stimul|syllab)i$", r"\1us"),
        (r"(alias|status|campus|bus|gas|virus)(?:es)?$", r"\1"),
        (r"(vert|ind)ices$", r"\1ex"),
        (r"(matr|append)ices$", r"\1ix"),
        (r"(quiz)zes$", r"\1"),
        (r"(phenomen|criteri)a$", r"\1on"),
    ],
    irregular=(
        "person/people man/men woman/women child/children foot/feet tooth/teeth "
        "goose/geese ox/oxen move/moves movie/movies"
    ),
    uncountable="equipment information rice money species series fish sheep news deer",
)
sv = _Swedish(
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
        (r"(foto|konto|piano)$", r"\1n"),
        (r"(.)el$", r"\1lar"),
        (r"(.)er$", r"\1rar"),
        (r"(.)en$", r"\1nar"),
    ],
    singular=[
        (r"(er|ar|or)$", ""),
        (r"or$", "a"),
        (r"elser$", "else"),
        (r"(foto|konto|piano)n$", r"\1"),
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
        "tand/tänder"
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
