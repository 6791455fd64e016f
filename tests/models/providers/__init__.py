"""Stand-ins of providers of language models, by their public documentation: what they refuse, and how they answer."""

from providers.anthropic import Anthropic
from providers.deepseek import DeepSeek
from providers.dialogue import text_of
from providers.gemini import Gemini
from providers.mistral import Mistral
from providers.openai import OpenAI
from providers.openrouter import OpenRouter
from providers.provider import MISBEHAVIOURS, Provider
from providers.vllm import VLLM

ALL: tuple[type[Provider], ...] = (OpenAI, Anthropic, Gemini, Mistral, DeepSeek, OpenRouter, VLLM)

__all__ = [
    "ALL",
    "MISBEHAVIOURS",
    "VLLM",
    "Anthropic",
    "DeepSeek",
    "Gemini",
    "Mistral",
    "OpenAI",
    "OpenRouter",
    "Provider",
    "text_of",
]
