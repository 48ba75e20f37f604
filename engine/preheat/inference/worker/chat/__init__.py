"""Chats as a model reads and writes them: its chat template, and its forms of tool calls and thinking."""

from preheat.inference.worker.chat.template import ChatTemplate as ChatTemplate
