from __future__ import annotations

from benchmarks.prompts import Prompts


def test_prompts_differ_from_their_first_words_on() -> None:
    prompts = Prompts()
    starts = [prompts.chat()[0]["content"] for _ in range(200)] + [prompts.chat(words=400)[0]["content"][:40]]
    assert len(set(starts)) == len(starts)


def test_texts_never_repeat() -> None:
    prompts = Prompts()
    texts = [text for _ in range(100) for text in prompts.texts(32)]
    assert len(set(texts)) == len(texts)


def test_lengths_are_as_requested() -> None:
    prompts = Prompts()
    assert len(prompts.chat(words=400)[0]["content"].split()) == 400
    assert {len(text.split()) for text in prompts.texts(10, words=5)} == {5}


def test_the_same_seed_gives_the_same_prompts() -> None:
    assert Prompts(seed=3).chats(5) == Prompts(seed=3).chats(5)
    assert Prompts(seed=3).chats(5) != Prompts(seed=4).chats(5)
