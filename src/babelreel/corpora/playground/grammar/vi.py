"""Vietnamese: classifiers that belong to the noun, adjectives behind it, no inflection; text in Unicode NFC."""

from __future__ import annotations

from typing import Literal

from babelreel.corpora.playground.grammar.content import Clause, Content, Mention, content
from babelreel.corpora.playground.scene import Colour, Heading, Plan, Scene, Shape, Size, Sound

NOUNS: dict[Shape, str] = {
    "circle": "hình tròn",
    "square": "hình vuông",
    "triangle": "hình tam giác",
    "star": "ngôi sao",
    "heart": "trái tim",
    "cross": "hình chữ thập",
    "ring": "chiếc vòng",
    "moon": "vầng trăng",
}
COLOURS: dict[Colour, str] = {
    "red": "màu đỏ", "orange": "màu cam", "yellow": "màu vàng", "green": "màu xanh lá cây",
    "blue": "màu xanh dương", "purple": "màu tím", "white": "màu trắng", "black": "màu đen",
}  # fmt: skip
SIZES: dict[Size, str] = {"small": "nhỏ", "large": "lớn"}
TEXTURES: dict[Literal["striped", "dotted"], str] = {"striped": "kẻ sọc", "dotted": "chấm bi"}
WAYS: dict[Heading, str] = {"left": "sang trái", "right": "sang phải", "up": "lên trên", "down": "xuống dưới"}
TURNS: dict[Heading, str] = {"left": "ngược chiều kim đồng hồ", "right": "theo chiều kim đồng hồ"}
SOUNDS: dict[Sound, str] = {
    "high_tone": "một âm thanh cao",
    "low_tone": "một âm thanh trầm",
    "rising_sweep": "một âm thanh cao dần",
    "falling_sweep": "một âm thanh trầm dần",
    "noise": "tiếng ồn",
    "ticking": "tiếng tích tắc",
}


def realise(scene: Scene, plan: Plan) -> str:
    """One caption of `scene` in Vietnamese, as `plan` says."""
    told = content(scene, plan, "vi")
    if told.style == 2:
        return told.pick("opening", "", "video ", "cảnh ") + _clauses(told) + _sound(told)
    if told.style == 0:
        opening = told.pick("opening", "", "đầu tiên, ", "trước tiên, ") if len(told.clauses) > 1 else ""
    else:
        opening = told.pick("frame", "video cho thấy ", "đoạn video cho thấy ", "trong video, ", "đoạn phim quay cảnh ")
    text = opening + _clauses(told) + _sound(told) + "."
    return text[0].upper() + text[1:]


def _clauses(told: Content) -> str:
    """Clauses in the order of time; a repeated subject is left out."""
    text = ""
    for i, clause in enumerate(told.clauses):
        if i:
            text += told.pick("joiner", " rồi ", ", sau đó ", " và sau đó ", ", tiếp đó ")
        together = clause.action == "meet" and told.pick("meet", True, False)
        if together:
            text += f"{_pair(told, clause)} tiến lại gần nhau và chạm vào nhau"
        elif clause.repeated:
            text += _predicate(told, i)
        else:
            text += f"{_noun_phrase(told, clause.actor)} {_predicate(told, i)}"
    return text


def _pair(told: Content, clause: Clause) -> str:
    """Both things of a meeting; the texture first, where it cannot be heard of both."""
    assert clause.target is not None
    things = sorted((clause.actor, clause.target), key=lambda mention: mention.texture is None)
    return " và ".join(_noun_phrase(told, mention) for mention in things)


def _predicate(told: Content, i: int) -> str:
    """What the actor of clause `i` does."""
    clause = told.clauses[i]
    options: tuple[str, ...]
    if clause.target is not None:
        options = _pair_predicates(clause, _noun_phrase(told, clause.target))
    elif clause.action == "grow":
        options = ("to dần lên", "phình to ra")
    elif clause.action == "shrink":
        options = ("thu nhỏ lại", "co nhỏ lại")
    elif clause.action == "turn" and clause.heading is not None:
        options = (f"xoay {TURNS[clause.heading]}", f"quay {TURNS[clause.heading]}")
    else:
        assert clause.heading is not None
        way = WAYS[clause.heading]
        options = (f"di chuyển {way}", f"dịch chuyển {way}", f"trượt {way}")
    return told.pick(f"verb{i}", *options)


def _pair_predicates(clause: Clause, target: str) -> tuple[str, ...]:
    if clause.action == "meet":
        return (f"gặp {target}",)
    if clause.action == "hide":
        return (f"trốn sau {target}", f"nấp vào sau {target}", f"biến mất sau {target}")
    assert clause.heading is not None
    way = WAYS[clause.heading]
    return (f"đi theo {target} {way}", f"di chuyển {way} theo sau {target}")


def _noun_phrase(told: Content, mention: Mention) -> str:
    """Noun, size, colour, texture, after "một" in whole sentences; later the noun alone, or with a demonstrative."""
    noun = NOUNS[mention.shape]
    if not mention.first:
        return told.pick("again", noun, f"{noun} này", f"{noun} ấy")
    words = [noun] if told.style == 2 else ["một", noun]
    if mention.size is not None:
        words.append(SIZES[mention.size])
    if mention.colour is not None:
        words.append(COLOURS[mention.colour])
    if mention.texture is not None:
        words.append(TEXTURES[mention.texture])
    return " ".join(words)


def _sound(told: Content) -> str:
    if told.sound is None:
        return ""
    if told.sound == "silence":
        if told.style == 2:
            return told.pick("sound", ", không có âm thanh", ", không tiếng động")
        return told.pick("sound", ", không có âm thanh nào", ", không một tiếng động", ", hoàn toàn không có âm thanh")
    sound = SOUNDS[told.sound]
    if told.style == 2:
        return told.pick("sound", f", {sound}", f", kèm {sound}")
    return told.pick("sound", f", kèm theo {sound}", f", đồng thời vang lên {sound}", f", cùng lúc nghe thấy {sound}")
