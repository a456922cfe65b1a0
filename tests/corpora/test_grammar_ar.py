"""Arabic captions: what a native reader would accept, and agreement of every noun with every adjective and verb."""

from __future__ import annotations

from typing import get_args

import pytest
from paraphrases import paraphrases

from babelreel.corpora.playground.grammar.ar import realise
from babelreel.corpora.playground.scene import COLOURS, SHAPES, Colour, Shape, Sound

SENTENCES = [
    # verb first, in the gender of the subject; adjectives behind the noun
    ("red square | 0 move left", 0, None, "يتحرك مربع أحمر نحو اليسار."),
    ("red star | 0 move left", 0, None, "تتحرك نجمة حمراء نحو اليسار."),
    ("small blue striped circle | 0 move up", 0, None, "تنتقل دائرة زرقاء مخططة صغيرة إلى الأعلى."),
    ("large orange dotted heart | 0 move down", 0, None, "ينزلق قلب برتقالي منقط كبير نحو الأسفل."),
    ("yellow moon | 0 turn left", 0, None, "يدور هلال أصفر عكس عقارب الساعة."),
    ("yellow moon | 0 turn right", 0, None, "يدور هلال أصفر باتجاه عقارب الساعة."),
    ("green ring | 0 grow", 0, None, "تكبر حلقة خضراء تدريجيًا."),
    # the repeated subject is in the verb alone
    ("red square | 0 move left | 0 grow", 0, None, "يتحرك مربع أحمر نحو اليسار ثم يكبر."),
    ("red star | 0 move right | 0 shrink", 0, None, "في البداية تتحرك نجمة حمراء نحو اليمين، وبعد ذلك تصغر."),
    # another subject: indefinite when it is new, definite and bare when it is known
    ("star & square | 0 shrink | 1 move up", 0, None, "تصغر نجمة، ثم يتحرك مربع إلى الأعلى."),
    ("star & square | 0 follow 1 up | 1 shrink", 0, None, "تتبع نجمة مربعًا نحو الأعلى ثم يتقلص المربع."),
    # an indefinite object: tanwin with alif for regular masculines only
    ("red star & blue square | 0 follow 1 left", 0, None, "تتبع نجمة حمراء مربعًا أزرق نحو اليسار."),
    (
        "small purple moon & large orange cross | 0 follow 1 left", 0, None,
        "يتبع هلال بنفسجي صغير صليبًا برتقاليًا كبيرًا نحو اليسار.",
    ),
    ("red square & purple circle | 0 follow 1 right", 0, None, "يتبع مربع أحمر دائرة بنفسجية نحو اليمين."),
    ("red star & blue square | 0 follow 1 left", 0, None, "تسير نجمة حمراء نحو اليسار خلف مربع أزرق."),
    # the preposition is written in one word with its noun
    ("red square & blue star | 0 meet 1", 0, None, "يلتقي مربع أحمر بنجمة زرقاء."),
    # both at once: the verb agrees with the noun next to it, the dual with both
    ("star & square | 0 meet 1", 0, None, "تقترب نجمة ومربع أحدهما من الآخر حتى يتلامسا."),
    ("star & ring | 0 meet 1", 0, None, "تقترب نجمة وحلقة إحداهما من الأخرى حتى تتلامسا."),
    ("square & heart | 0 meet 1", 0, None, "يقترب مربع وقلب أحدهما من الآخر حتى يتلامسا."),
    ("small black moon & large green heart | 0 hide 1", 0, None, "يختبئ هلال أسود صغير خلف قلب أخضر كبير."),
    (
        "small star & large circle | 0 hide 1 | 1 turn right", 0, None,
        "تختفي نجمة صغيرة وراء دائرة كبيرة، وبعدها تدور الدائرة في اتجاه عقارب الساعة.",
    ),
    # frames: a clause, or the thing seen as an object
    ("red square | 0 move left", 1, None, "يُظهر المقطع كيف يتحرك مربع أحمر نحو اليسار."),
    ("black square | 0 grow", 1, None, "نرى في المقطع مربعًا أسود يكبر."),
    ("small white star | 0 move up | 0 grow", 1, None, "يُظهر الفيديو نجمة بيضاء صغيرة تتحرك إلى الأعلى ثم تكبر."),
    ("heart & circle | 0 meet 1", 1, None, "نرى في المقطع قلبًا ودائرة يقترب أحدهما من الآخر حتى يتلامسا."),
    ("star & square | 0 meet 1", 1, None, "يُظهر الفيديو نجمة ومربعًا يقترب أحدهما من الآخر حتى يتلامسا."),
    # sounds
    ("cross | 0 shrink", 0, "ticking", "يصغر صليب، بينما تُسمع تكتكة."),
    ("cross | 0 shrink", 0, "silence", "يصغر صليب، دون أي صوت."),
    # search phrases: a noun described by a clause
    ("red star | 0 move left | 0 grow", 2, "noise", "نجمة حمراء تتحرك نحو اليسار ثم تكبر مع ضوضاء"),
    ("star & ring | 0 meet 1", 2, None, "نجمة وحلقة تقترب إحداهما من الأخرى حتى تتلامسا"),
    ("star & square | 0 shrink | 1 move up", 2, None, "نجمة تصغر ثم مربع يتحرك نحو الأعلى"),
    ("star & square | 0 follow 1 up | 1 shrink", 2, None, "نجمة تتبع مربعًا نحو الأعلى ثم يصغر المربع"),
    ("purple triangle | 0 shrink", 2, "silence", "مثلث بنفسجي يتقلص بلا صوت"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "style", "sound", "sentence"), SENTENCES)
def test_a_native_sentence_is_among_the_paraphrases(text: str, style: int, sound: Sound | None, sentence: str) -> None:
    assert sentence in paraphrases(realise, text, style, sound)


def test_these_are_all_paraphrases() -> None:
    """Nothing but these: a wrong word cannot hide among the choices."""
    moves = {f"{verb} نجمة {to} اليسار." for verb in ("تتحرك", "تنتقل", "تنزلق") for to in ("نحو", "إلى")}
    assert paraphrases(realise, "star | 0 move left") == moves
    hides = {f"{verb} مربع {behind} قلب." for verb in ("يختبئ", "يختفي") for behind in ("خلف", "وراء")}
    assert paraphrases(realise, "square & heart | 0 hide 1") == hides
    seen = {f"{frame} تكبر نجمة" for frame in ("يُظهر المقطع كيف", "نرى في هذا الفيديو كيف", "في هذا المقطع")}
    seen |= {f"{frame} نجمة تكبر" for frame in ("نرى في المقطع", "يُظهر الفيديو")}
    assert paraphrases(realise, "star | 0 grow", 1) == {f"{s}{slowly}." for s in seen for slowly in ("", " تدريجيًا")}


# indefinite: nominative and accusative; feminine nouns end in "ة" and look alike
NOUNS: dict[Shape, tuple[str, str]] = {
    "circle": ("دائرة", "دائرة"),
    "square": ("مربع", "مربعًا"),
    "triangle": ("مثلث", "مثلثًا"),
    "star": ("نجمة", "نجمة"),
    "heart": ("قلب", "قلبًا"),
    "cross": ("صليب", "صليبًا"),
    "ring": ("حلقة", "حلقة"),
    "moon": ("هلال", "هلالًا"),
}
# masculine nominative, masculine accusative, feminine
ADJECTIVES = {
    "red": ("أحمر", "أحمر", "حمراء"),
    "orange": ("برتقالي", "برتقاليًا", "برتقالية"),
    "yellow": ("أصفر", "أصفر", "صفراء"),
    "green": ("أخضر", "أخضر", "خضراء"),
    "blue": ("أزرق", "أزرق", "زرقاء"),
    "purple": ("بنفسجي", "بنفسجيًا", "بنفسجية"),
    "white": ("أبيض", "أبيض", "بيضاء"),
    "black": ("أسود", "أسود", "سوداء"),
    "small": ("صغير", "صغيرًا", "صغيرة"),
    "large": ("كبير", "كبيرًا", "كبيرة"),
    "striped": ("مخطط", "مخططًا", "مخططة"),
    "dotted": ("منقط", "منقطًا", "منقطة"),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("word", ADJECTIVES)
def test_agreement(shape: Shape, word: str) -> None:
    """Every noun with every adjective: as the subject, as the object, and with the verb in its gender."""
    feminine = shape in ("circle", "star", "ring")
    (noun, noun_seen), (m, m_seen, f) = NOUNS[shape], ADJECTIVES[word]
    adjective, adjective_seen, verb = (f, f, "تكبر") if feminine else (m, m_seen, "يكبر")
    assert f"{verb} {noun} {adjective}." in paraphrases(realise, f"{word} {shape} | 0 grow", seeds=60)
    seen = f"نرى في المقطع {noun_seen} {adjective_seen} {verb}."
    assert seen in paraphrases(realise, f"{word} {shape} | 0 grow", 1, seeds=200)


@pytest.mark.parametrize("shape", SHAPES)
def test_verbs_agree(shape: Shape) -> None:
    """Each verb of each action, in each style, stands in the gender of its subject and in no other."""
    feminine = shape in ("circle", "star", "ring")
    other = "square" if shape == "star" else "star"
    events = ["0 move left", "0 turn left", "0 grow", "0 shrink", "0 meet 1", "0 hide 1", "0 follow 1 left"]
    masculine_verbs = {
        "يتحرك",
        "ينتقل",
        "ينزلق",
        "يدور",
        "يكبر",
        "يصغر",
        "يتقلص",
        "يلتقي",
        "يختبئ",
        "يختفي",
        "يتبع",
        "يسير",
    }
    feminine_verbs = {"ت" + verb[1:] for verb in masculine_verbs}
    found: set[str] = set()
    for event in events:
        for style in range(3):
            things = f"{shape} & {other}" if "1" in event else shape
            for sentence in paraphrases(realise, f"{things} | {event}", style, seeds=100):
                found |= set(sentence.strip(".").split()) & (masculine_verbs | feminine_verbs)
    assert found == (feminine_verbs if feminine else masculine_verbs)


@pytest.mark.parametrize("colour", COLOURS)
def test_known_things_are_definite_and_bare(colour: Colour) -> None:
    for sentence in paraphrases(realise, f"{colour} star & {colour} ring | 0 follow 1 up | 1 shrink", seeds=60):
        assert "الحلقة" in sentence
        assert sentence.count(ADJECTIVES[colour][2]) == 2


def test_every_sound_has_its_name() -> None:
    names = {
        "high_tone": "نغمة حادة", "low_tone": "نغمة غليظة", "rising_sweep": "نغمة صاعدة",
        "falling_sweep": "نغمة هابطة", "noise": "ضوضاء", "ticking": "تكتكة",
    }  # fmt: skip
    assert {*names, "silence"} == set(get_args(Sound))
    for sound, name in names.items():
        assert f"يصغر صليب، وترافق ذلك {name}." in paraphrases(realise, "cross | 0 shrink", 0, sound, seeds=100)
