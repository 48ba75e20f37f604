"""Answers of chats, between the sampler and the client: thinking, calls and constraints."""

from __future__ import annotations

from preheat.inference.worker.answers.answer import ChatAnswer as ChatAnswer
from preheat.inference.worker.answers.answer import ChatAnswers as ChatAnswers
