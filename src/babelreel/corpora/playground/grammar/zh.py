"""Chinese: measure words, "的", the order of time told by "先 ... 然后", full-width punctuation and no spaces."""

from __future__ import annotations

from typing import Literal, NamedTuple

from babelreel.corpora.playground.grammar.content import Clause, Content, Mention, content
from babelreel.corpora.playground.scene import Colour, Heading, Plan, Scene, Shape, Size, Sound


class Noun(NamedTuple):
    """The measure word, and the noun."""

    measure: str
    word: str


NOUNS: dict[Shape, Noun] = {
    "circle": Noun("个", "圆形"),
    "square": Noun("个", "正方形"),
    "triangle": Noun("个", "三角形"),
    "star": Noun("颗", "星星"),
    "heart": Noun("颗", "爱心"),
    "cross": Noun("个", "十字"),
    "ring": Noun("个", "圆环"),
    "moon": Noun("弯", "月牙"),
}
COLOURS: dict[Colour, str] = {
    "red": "红色", "orange": "橙色", "yellow": "黄色", "green": "绿色",
    "blue": "蓝色", "purple": "紫色", "white": "白色", "black": "黑色",
}  # fmt: skip
SIZES: dict[Size, str] = {"small": "小", "large": "大"}
TEXTURES: dict[Literal["striped", "dotted"], tuple[str, ...]] = {
    "striped": ("带条纹的", "有条纹的"),
    "dotted": ("带圆点的", "有圆点的"),
}
WAYS: dict[Heading, str] = {"left": "左", "right": "右", "up": "上", "down": "下"}
TURNS: dict[Heading, str] = {"left": "逆时针", "right": "顺时针"}
SOUNDS: dict[Sound, str] = {
    "high_tone": "高音",
    "low_tone": "低音",
    "rising_sweep": "由低变高的声音",
    "falling_sweep": "由高变低的声音",
    "noise": "噪声",
    "ticking": "滴答声",
}


def realise(scene: Scene, plan: Plan) -> str:
    """One caption of `scene` in Chinese, as `plan` says."""
    told = content(scene, plan, "zh")
    if told.style == 2:
        return (_relative(told) if told.pick("form", True, False) else _clauses(told)) + _sound(told)
    frames = ("视频中，", "画面里，", "这段视频里可以看到，", "短片中可以看到，")
    opening = told.pick("frame", *frames) if told.style == 1 else ""
    return opening + _clauses(told) + _sound(told) + "。"


def _clauses(told: Content) -> str:
    """Whole clauses in the order of time; a repeated subject is left out."""
    several = len(told.clauses) > 1
    text = ""
    for i, clause in enumerate(told.clauses):
        if i:
            text += "，" + _joiner(told, clause)
        together = clause.action == "meet" and told.pick("meet", True, False)
        if together:
            text += _pair(told, clause)
        elif not clause.repeated:
            text += _noun_phrase(told, clause.actor)
        if several and i == 0:
            text += told.pick("first", "先", "")
        text += "相互靠近并碰在一起" if together else _predicate(told, i)
    return text


def _pair(told: Content, clause: Clause) -> str:
    """Both things of a meeting; the texture last, where it cannot be heard of both."""
    assert clause.target is not None
    things = sorted((clause.actor, clause.target), key=lambda mention: mention.texture is not None)
    return "和".join(_noun_phrase(told, mention) for mention in things)


def _joiner(told: Content, clause: Clause) -> str:
    # "再" goes on with the same subject only
    return told.pick("joiner", "然后", "接着", "随后", "再" if clause.repeated else "之后")


def _relative(told: Content) -> str:
    """The thing last, what it does before it: "先向左移动然后变大的红色圆形"."""
    first, *rest = told.clauses
    does = _predicate(told, 0)
    if any(clause.repeated for clause in rest):
        does = f"先{does}"
    for i, clause in enumerate(rest, start=1):
        if clause.repeated:
            does += _joiner(told, clause) + _predicate(told, i)
    text = f"{does}的{_noun_phrase(told, first.actor)}"
    for i, clause in enumerate(rest, start=1):
        who = _noun_phrase(told, clause.actor)
        if clause.repeated:
            continue
        if clause.actor.first:
            text += f"，然后是{_predicate(told, i)}的{who}"
        else:
            text += f"，然后{who}{_predicate(told, i)}"
    return text


def _predicate(told: Content, i: int) -> str:
    """What the actor of clause `i` does."""
    clause = told.clauses[i]
    options: tuple[str, ...]
    if clause.target is not None:
        options = _pair_predicates(told, clause, _noun_phrase(told, clause.target))
    elif clause.action == "grow":
        options = ("变大", "逐渐变大", "慢慢变大")
    elif clause.action == "shrink":
        options = ("变小", "逐渐变小", "慢慢缩小")
    elif clause.action == "turn" and clause.heading is not None:
        options = (f"{TURNS[clause.heading]}旋转", f"{TURNS[clause.heading]}转动")
    else:
        assert clause.heading is not None
        way = WAYS[clause.heading]
        options = (f"向{way}移动", f"往{way}移动", f"向{way}滑动")
    return told.pick(f"verb{i}", *options)


def _pair_predicates(told: Content, clause: Clause, target: str) -> tuple[str, ...]:
    if clause.action == "meet":
        return (f"与{target}相遇", f"和{target}碰到一起")
    if clause.action == "hide":
        return (f"躲到{target}后面", f"藏到{target}后面", f"消失在{target}后面")
    assert clause.heading is not None
    way = f"{told.pick('way', '向', '往')}{WAYS[clause.heading]}移动"
    return (f"跟着{target}{way}", f"跟在{target}后面{way}")


def _noun_phrase(told: Content, mention: Mention) -> str:
    """With "一" and measure word at first mention, with or without "这" later; search phrases do without both."""
    measure, noun = NOUNS[mention.shape]
    if not mention.first:
        return told.pick("again", noun, f"这{measure}{noun}") if told.style < 2 else noun
    number = f"一{measure}" if told.style < 2 else ""
    texture = told.pick("texture", *TEXTURES[mention.texture]) if mention.texture is not None else ""
    colour = COLOURS[mention.colour] if mention.colour is not None else ""
    if colour and number and not texture:
        colour += told.pick("的", "的", "")
    size = SIZES[mention.size] if mention.size is not None else ""
    return f"{number}{texture}{colour}{size}{noun}"


def _sound(told: Content) -> str:
    if told.sound is None:
        return ""
    if told.sound == "silence":
        if told.style == 2:
            return told.pick("sound", "，无声", "，没有声音")
        return told.pick("sound", "，没有任何声音", "，全程无声", "，听不到一点声音")
    sound = SOUNDS[told.sound]
    if told.style == 2:
        return told.pick("sound", f"，{sound}", f"，伴有{sound}")
    return told.pick("sound", f"，伴随着{sound}", f"，同时传来{sound}", f"，同时可以听到{sound}")
