"""Portuguese captions, as in Brazil: gender agreement, contractions, pronouns before the verb, gerunds."""

from __future__ import annotations

import re
from itertools import product
from typing import get_args

import pytest
from paraphrases import paraphrases

from babelreel.corpora.playground.grammar.content import Mention
from babelreel.corpora.playground.grammar.pt import noun_phrase, realise
from babelreel.corpora.playground.scene import SHAPES, SOUNDS, STYLES, Colour, Shape, Sound

SENTENCES = [
    # agreement; size before the noun, or behind the colour
    ("small red circle | 0 move left", 0, None, "Um pequeno círculo vermelho se move para a esquerda."),
    ("small red star | 0 move right", 0, None, "Uma pequena estrela vermelha desliza para a direita."),
    ("small red star | 0 move right", 0, None, "Uma estrela vermelha pequena se move para a direita."),
    ("large white cross | 0 move up", 0, None, "Uma grande cruz branca se desloca para cima."),
    ("large purple moon | 0 move down", 0, None, "Uma lua roxa grande desliza para baixo."),
    # texture: an adjective that agrees, or a phrase
    ("yellow striped star | 0 grow", 0, None, "Uma estrela amarela listrada cresce."),
    ("yellow striped heart | 0 grow", 0, None, "Um coração amarelo listrado fica maior."),
    ("black dotted ring | 0 shrink", 0, None, "Um anel preto com bolinhas encolhe."),
    ("black dotted moon | 0 shrink", 0, None, "Uma lua preta de bolinhas fica menor."),
    # "laranja" does not change
    ("orange square | 0 grow", 0, None, "Um quadrado laranja cresce."),
    # "em" and "o" contract
    ("green triangle | 0 turn left", 0, None, "Um triângulo verde gira no sentido anti-horário."),
    ("blue triangle | 0 turn right", 0, None, "Um triângulo azul roda no sentido dos ponteiros do relógio."),
    # two events: no pronoun for the subject; what would only be repeated is left out
    ("red circle | 0 grow | 0 move left", 0, None, "Um círculo vermelho cresce e depois se move para a esquerda."),
    ("red circle | 0 grow | 0 move left", 0, None,
     "Primeiro, um círculo vermelho cresce e, em seguida, desliza para a esquerda."),
    ("star | 0 move left | 0 move up", 0, None, "Uma estrela se move para a esquerda e depois para cima."),
    ("star | 0 turn left | 0 turn right", 0, None,
     "Uma estrela gira no sentido anti-horário e depois no sentido horário."),
    # two things; the definite article at the second mention
    ("star & ring | 0 shrink | 1 grow", 0, None, "Uma estrela encolhe e depois um anel cresce."),
    ("red star & black square | 0 meet 1", 0, None, "Uma estrela vermelha e um quadrado preto se encontram."),
    ("red star & black square | 0 meet 1", 0, None, "Uma estrela vermelha se encontra com um quadrado preto."),
    ("star & square | 0 meet 1 | 1 move left", 0, None,
     "Uma estrela e um quadrado se aproximam até se tocarem e depois o quadrado se move para a esquerda."),
    ("small heart & large moon | 0 hide 1 | 1 grow", 0, None,
     "Um pequeno coração se esconde atrás de uma grande lua e depois a lua cresce."),
    ("star & square | 0 follow 1 up", 0, None, "Uma estrela segue um quadrado para cima."),
    # frames
    ("red circle | 0 move left | 0 grow", 1, None,
     "O vídeo mostra como um círculo vermelho se move para a esquerda e depois cresce."),
    ("star | 0 move up", 1, None, "O clipe mostra uma estrela se movendo para cima."),
    ("star & square | 0 grow | 1 shrink", 1, None,
     "Neste vídeo, vemos uma estrela crescendo e depois um quadrado encolhendo."),
    ("star | 0 grow", 1, None, "Neste clipe, uma estrela fica maior."),
    # sounds: "a" and "o" contract
    ("star | 0 grow", 0, "high_tone", "Uma estrela cresce ao som de um tom agudo."),
    ("star | 0 grow", 0, "noise", "Enquanto se ouve um chiado, uma estrela cresce."),
    ("star | 0 grow", 0, "silence", "Em silêncio, uma estrela cresce."),
    ("star | 0 grow | 0 move up", 0, "low_tone",
     "Uma estrela cresce e depois desliza para cima, tudo ao som de um tom grave."),
    # search phrases: no article for what acts
    ("red star | 0 move left | 0 grow", 2, None, "estrela vermelha que se move para a esquerda e depois cresce"),
    ("red star | 0 move left | 0 shrink", 2, "ticking",
     "estrela vermelha se movendo para a esquerda e depois encolhendo, tique-taque"),
    ("small ring & large heart | 0 hide 1", 2, None, "pequeno anel se escondendo atrás de um grande coração"),
    ("star & ring | 0 shrink | 1 move up", 2, "silence",
     "estrela que encolhe e depois anel que desliza para cima, sem som"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "style", "sound", "sentence"), SENTENCES)
def test_a_native_sentence_is_among_the_paraphrases(text: str, style: int, sound: Sound | None, sentence: str) -> None:
    assert sentence in paraphrases(realise, text, style, sound)


def test_these_are_all_paraphrases() -> None:
    """Nothing but these: a wrong word cannot hide among the choices."""
    verbs = ("se move", "desliza", "se desloca")
    assert paraphrases(realise, "heart | 0 move left") == {f"Um coração {verb} para a esquerda." for verb in verbs}
    assert paraphrases(realise, "star & moon | 0 hide 1") == {
        "Uma estrela se esconde atrás de uma lua.", "Uma estrela desaparece atrás de uma lua.",
    }  # fmt: skip
    assert paraphrases(realise, "star & moon | 0 meet 1", 2) == {
        *(f"estrela e lua {meet}" for meet in (
            "que se encontram", "que se aproximam até se tocarem", "se encontrando", "se aproximando até se tocarem")),
        "estrela que se encontra com uma lua", "estrela se encontrando com uma lua",
    }  # fmt: skip
    around = ("no sentido contrário ao dos ponteiros do relógio", "no sentido anti-horário")
    assert paraphrases(realise, "cross | 0 turn left") == {
        f"Uma cruz {turn} {way}." for turn, way in product(("gira", "roda"), around)
    }
    shrinks = ("que encolhe", "que fica menor", "encolhendo", "ficando menor")
    assert paraphrases(realise, "moon | 0 shrink", 2) == {f"lua {verb}" for verb in shrinks}
    films = (("O vídeo", "Neste vídeo"), ("O clipe", "Neste clipe"))
    finite, gerund = ("cresce", "fica maior"), ("crescendo", "ficando maior")
    assert paraphrases(realise, "moon | 0 grow", 1) == {
        *(f"{film} mostra como uma lua {verb}." for (film, _), verb in product(films, finite)),
        *(f"{film} mostra uma lua {verb}." for (film, _), verb in product(films, gerund)),
        *(f"{here}, vemos uma lua {verb}." for (_, here), verb in product(films, gerund)),
        *(f"{here}, uma lua {verb}." for (_, here), verb in product(films, finite)),
    }


# indefinite, definite
NOUNS = (
    "um círculo, um quadrado, um triângulo, uma estrela, um coração, uma cruz, um anel, uma lua",
    "o círculo, o quadrado, o triângulo, a estrela, o coração, a cruz, o anel, a lua",
)
COLOURS: dict[Colour, str] = {
    "red": "vermelho vermelha", "orange": "laranja laranja", "yellow": "amarelo amarela", "green": "verde verde",
    "blue": "azul azul", "purple": "roxo roxa", "white": "branco branca", "black": "preto preta",
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_agreement_of_every_noun_with_every_adjective(shape: Shape) -> None:
    indefinite, definite = (line.split(", ")[SHAPES.index(shape)] for line in NOUNS)
    article, noun = indefinite.split()
    feminine = article == "uma"
    assert noun_phrase(Mention(shape, first=False), article=False) == definite
    assert noun_phrase(Mention(shape), article=True) == indefinite
    for colour, forms in COLOURS.items():
        said = forms.split()[feminine]
        for size, word in (("small", ("pequeno", "pequena")[feminine]), ("large", "grande")):
            thing = Mention(shape, colour, size, "striped")  # type: ignore[arg-type]
            striped = ("listrado", "listrada")[feminine]
            assert noun_phrase(thing, article=True) == f"{article} {word} {noun} {said} {striped}"
            late = noun_phrase(thing, article=True, size_first=False)
            assert late == f"{indefinite} {said} {word} com listras"


def test_contractions_are_made_and_no_sentence_opens_with_a_pronoun() -> None:
    texts = ("red star & blue ring | 0 meet 1 | 0 move left", "star | 0 turn left | 0 move up", "heart | 0 grow")
    for text, style, sound in product(texts, range(STYLES), SOUNDS):
        for said in paraphrases(realise, text, style, sound, seeds=40):
            assert not re.search(r"\b(em|de|por|a) (o|os|este)\b", said.lower()), said
            assert not said.startswith("Se "), said


def test_every_sound_has_its_name() -> None:
    names = {
        "high_tone": "um tom agudo", "low_tone": "um tom grave", "rising_sweep": "um tom ascendente",
        "falling_sweep": "um tom descendente", "noise": "um chiado", "ticking": "um tique-taque",
    }  # fmt: skip
    assert {*names, "silence"} == set(get_args(Sound))
    for sound, name in names.items():
        heard = paraphrases(realise, "ring | 0 grow", 0, sound)  # type: ignore[arg-type]
        assert {text for text in heard if "maior" not in text} == {
            f"Um anel cresce ao som de {name}.", f"Um anel cresce enquanto se ouve {name}.",
            f"Ao som de {name}, um anel cresce.", f"Enquanto se ouve {name}, um anel cresce.",
        }  # fmt: skip
