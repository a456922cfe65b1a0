"""Japanese: particles, the verb last, one politeness in a sentence, relative clauses before the noun.

A verb phrase is kept in the forms that sentences need: before another event ("動き", "動いて"), at the end in plain
("動く") and polite style ("動きます"), and before a noun ("動く円").
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from babelreel.corpora.playground.grammar.content import Clause, Content, Mention, content
from babelreel.corpora.playground.scene import Colour, Heading, Plan, Scene, Shape, Size, Sound

Form = Literal["plain", "polite"]


class Verb(NamedTuple):
    """Continuative stem, te-form and plain form; the polite form is the stem and "ます"."""

    stem: str
    te: str
    plain: str

    def after(self, words: str) -> Verb:
        """The verb with `words` before it."""
        return Verb(words + self.stem, words + self.te, words + self.plain)


NOUNS: dict[Shape, str] = {
    "circle": "円", "square": "正方形", "triangle": "三角形", "star": "星",
    "heart": "ハート", "cross": "十字", "ring": "リング", "moon": "三日月",
}  # fmt: skip
COLOURS: dict[Colour, str] = {
    "red": "赤い", "orange": "オレンジ色の", "yellow": "黄色い", "green": "緑色の",
    "blue": "青い", "purple": "紫色の", "white": "白い", "black": "黒い",
}  # fmt: skip
SIZES: dict[Size, tuple[str, str]] = {"small": ("小さな", "小さい"), "large": ("大きな", "大きい")}
TEXTURES: dict[Literal["striped", "dotted"], str] = {"striped": "しま模様の", "dotted": "水玉模様の"}
WAYS: dict[Heading, str] = {"left": "左", "right": "右", "up": "上", "down": "下"}
TURNS: dict[Heading, str] = {"left": "反時計回りに", "right": "時計回りに"}
SOUNDS: dict[Sound, str] = {
    "high_tone": "高い音",
    "low_tone": "低い音",
    "rising_sweep": "だんだん高くなる音",
    "falling_sweep": "だんだん低くなる音",
    "noise": "雑音",
    "ticking": "カチカチという音",
}
GO = Verb("動き", "動いて", "動く")
SHIFT = Verb("移動し", "移動して", "移動する")
TURN = Verb("回り", "回って", "回る")
ROTATE = Verb("回転し", "回転して", "回転する")
BECOME = Verb("なり", "なって", "なる")
ENCOUNTER = Verb("出会い", "出会って", "出会う")
TOUCH = Verb("触れ合い", "触れ合って", "触れ合う")
HIDE = Verb("隠れ", "隠れて", "隠れる")


def realise(scene: Scene, plan: Plan) -> str:
    """One caption of `scene` in Japanese, as `plan` says."""
    told = content(scene, plan, "ja")
    if told.style == 2:
        if told.pick("form", True, False):
            return _relative(told) + _sound_tag(told)
        return _clauses(told, "plain") + told.pick("video", "", "動画", "映像") + _sound_tag(told)
    form: Form = told.pick("politeness", "plain", "polite")
    before, after = _sound(told, form)
    if told.style == 0:
        return f"{before}{_clauses(told, form)}。{after}"
    place = told.pick("place", "動画では、", "この映像では、", "")
    if place:
        return f"{place}{before}{_clauses(told, form)}。{after}"
    ending = {"plain": "様子が映っている。", "polite": "様子が映っています。"}[form]
    return f"{before}{_clauses(told, 'plain')}{ending}{after}"


def _clauses(told: Content, form: Form) -> str:
    """Clauses in the order of time; the last verb is plain or polite, a repeated subject is left out."""
    several = len(told.clauses) > 1
    text = told.pick("first", "まず", "") if several and told.style < 2 else ""
    for i, clause in enumerate(told.clauses):
        verb = _verb(told, i)
        if i:
            text += _joiner(told)
        if not clause.repeated:
            text += f"{_subject(told, clause)}が"
        if i < len(told.clauses) - 1:
            # the te-form asks for the same subject on both sides
            text += told.pick("link", verb.stem, verb.te if told.clauses[i + 1].repeated else verb.stem) + "、"
        else:
            text += verb.plain if form == "plain" else f"{verb.stem}ます"
    return text


def _joiner(told: Content) -> str:
    return told.pick("joiner", "それから", "その後", "次に")


def _subject(told: Content, clause: Clause) -> str:
    """The actor, or both things of a meeting: the texture last, where it cannot be heard of both."""
    if clause.target is None or not _together(told, clause):
        return _noun_phrase(told, clause.actor)
    things = sorted((clause.actor, clause.target), key=lambda mention: mention.texture is not None)
    return "と".join(_noun_phrase(told, mention) for mention in things)


def _together(told: Content, clause: Clause) -> bool:
    """Whether a meeting is told of both things at once."""
    return clause.action == "meet" and told.pick("meet", True, False)


def _relative(told: Content) -> str:
    """The thing last, what it does before it: "左へ動いてから大きくなる赤い円"."""
    text = ""
    for i, clause in enumerate(told.clauses):
        verb = _verb(told, i)
        followed = i + 1 < len(told.clauses) and told.clauses[i + 1].repeated
        if followed:
            text += told.pick("link", f"{verb.te}から", f"{verb.te}その後")
        elif clause.repeated:
            text += f"{verb.plain}{_noun_phrase(told, told.clauses[0].actor)}"
        elif clause.actor.first:
            text += ("、その後" if i else "") + f"{verb.plain}{_subject(told, clause)}"
        else:
            text += f"、その後{_noun_phrase(told, clause.actor)}が{verb.plain}"
    return text


def _verb(told: Content, i: int) -> Verb:
    """What the actor of clause `i` does."""
    clause = told.clauses[i]
    options: tuple[Verb, ...]
    if clause.target is not None:
        options = _pair_verbs(told, clause, _noun_phrase(told, clause.target))
    elif clause.action == "grow":
        options = (BECOME.after("大きく"), BECOME.after("次第に大きく"))
    elif clause.action == "shrink":
        options = (BECOME.after("小さく"), BECOME.after("次第に小さく"))
    elif clause.action == "turn" and clause.heading is not None:
        options = (TURN.after(TURNS[clause.heading]), ROTATE.after(TURNS[clause.heading]))
    else:
        way = _way(clause)
        options = (GO.after(way + "へ"), SHIFT.after(way + "へ"), GO.after(way + "に"), SHIFT.after(way + "に"))
    return told.pick(f"verb{i}", *options)


def _pair_verbs(told: Content, clause: Clause, target: str) -> tuple[Verb, ...]:
    if clause.action == "meet":
        if _together(told, clause):
            return (TOUCH.after("近づいて"),)
        return (ENCOUNTER.after(f"{target}と"),)
    if clause.action == "hide":
        return (HIDE.after(f"{target}の後ろに"), HIDE.after(f"{target}の陰に"))
    way = _way(clause)
    return (GO.after(f"{target}を追って{way}へ"), SHIFT.after(f"{target}の後について{way}へ"))


def _way(clause: Clause) -> str:
    assert clause.heading is not None
    return WAYS[clause.heading]


def _noun_phrase(told: Content, mention: Mention) -> str:
    """Texture, size, colour, noun at first mention; the noun alone, or with "その", later."""
    noun = NOUNS[mention.shape]
    if not mention.first:
        return told.pick("again", noun, f"その{noun}")
    texture = TEXTURES[mention.texture] if mention.texture is not None else ""
    size = told.pick("size", *SIZES[mention.size]) if mention.size is not None else ""
    colour = COLOURS[mention.colour] if mention.colour is not None else ""
    return f"{texture}{size}{colour}{noun}"


def _sound(told: Content, form: Form) -> tuple[str, str]:
    """The words before the clauses and the sentence after them, one of which is empty."""
    if told.sound is None:
        return "", ""
    if told.sound == "silence":
        ends = {"plain": "音は聞こえない。", "polite": "音は聞こえません。"}
        return told.pick("sound", ("無音の中、", ""), ("音もなく、", ""), ("", ends[form]))
    sound = SOUNDS[told.sound]
    ends = {"plain": f"{sound}が聞こえる。", "polite": f"{sound}が聞こえます。"}
    return told.pick("sound", (f"{sound}が聞こえる中、", ""), (f"{sound}とともに、", ""), ("", ends[form]))


def _sound_tag(told: Content) -> str:
    if told.sound is None:
        return ""
    if told.sound == "silence":
        return told.pick("sound", "、音なし", "、無音")
    return told.pick("sound", f"、{SOUNDS[told.sound]}", f"、{SOUNDS[told.sound]}が聞こえる")
