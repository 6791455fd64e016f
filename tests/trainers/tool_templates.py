"""Chat templates in the forms in which known families of models write tools, calls and outputs."""

from __future__ import annotations

import copy
from typing import Any

from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from toolgym_trainers.policies.codec import hermes

QWEN3 = (
    "{%- set ns = namespace(last=-1) -%}"
    "{%- for m in messages -%}{%- if m.role == 'user' -%}{%- set ns.last = loop.index0 -%}{%- endif -%}{%- endfor -%}"
    "{{- '<|im_start|>system\n' + messages[0].content -}}"
    "{%- if tools -%}{{- '\n\n# Tools\n<tools>' -}}"
    "{%- for tool in tools -%}{{- '\n' + (tool | tojson) -}}{%- endfor -%}"
    "{{- '\n</tools>' -}}{%- endif -%}{{- '<|im_end|>\n' -}}"
    "{%- for m in messages -%}{%- if m.role == 'user' -%}{{- '<|im_start|>user\n' + m.content + '<|im_end|>\n' -}}"
    "{%- elif m.role == 'tool' -%}"
    "{%- if loop.previtem.role != 'tool' -%}{{- '<|im_start|>user' -}}{%- endif -%}"
    "{{- '\n<tool_response>\n' + m.content + '\n</tool_response>' -}}"
    "{%- if loop.last or loop.nextitem.role != 'tool' -%}{{- '<|im_end|>\n' -}}{%- endif -%}"
    "{%- elif m.role == 'assistant' -%}{{- '<|im_start|>assistant\n' -}}"
    "{%- if m.reasoning_content and loop.index0 > ns.last -%}"
    "{{- '<think>\n' + m.reasoning_content + '\n</think>\n\n' -}}{%- endif -%}"
    "{{- m.content -}}"
    "{%- for call in m.tool_calls or [] -%}"
    "{{- '\n' if m.content or not loop.first else '' -}}"
    '{{- \'<tool_call>\n{"name": "\' + call.function.name + \'", "arguments": \' -}}'
    "{{- (call.function.arguments | tojson) + '}\n</tool_call>' -}}{%- endfor -%}"
    "{{- '<|im_end|>\n' -}}{%- endif -%}{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\n' -}}{%- endif -%}"
)
"""Calls as Hermes; thoughts that stand before the last thing that the user said are left out."""

LLAMA3 = (
    "{{- '<|begin_of_text|>' -}}"
    "{%- for m in messages -%}"
    "{%- set role = 'ipython' if m.role == 'tool' else m.role -%}"
    "{{- '<|start_header_id|>' + role + '<|end_header_id|>\n\n' -}}"
    "{%- if m.role == 'tool' -%}{{- m.content | tojson -}}"
    "{%- elif m.tool_calls -%}"
    "{%- for call in m.tool_calls -%}{{- '; ' if not loop.first else '' -}}"
    "{{- '{\"name\": \"' + call.function.name + '\", \"parameters\": ' + (call.function.arguments | tojson) + '}' -}}"
    "{%- endfor -%}"
    "{%- else -%}{{- m.content | trim -}}"
    "{%- if m.role == 'system' and tools -%}{{- '\n\nFunctions:\n' -}}"
    "{%- for tool in tools -%}{{- (tool | tojson(indent=4)) + '\n' -}}{%- endfor -%}{%- endif -%}"
    "{%- endif -%}{{- '<|eot_id|>' -}}{%- endfor -%}"
    "{%- if add_generation_prompt -%}"
    "{{- '<|start_header_id|>assistant<|end_header_id|>\n\n' -}}{%- endif -%}"
)
"""Calls as an object with parameters, outputs as JSON text, a role of their own for these."""

SMOLLM2 = (
    "{%- for m in messages -%}"
    "{{- '<|im_start|>' + m.role + '\n' + m.content -}}"
    "{%- if m.role == 'system' and tools -%}{{- '\n<tools>' + (tools | tojson) + '</tools>' -}}{%- endif -%}"
    "{%- if m.tool_calls -%}{{- '<tool_call>[' -}}"
    "{%- for call in m.tool_calls -%}{{- ', ' if not loop.first else '' -}}"
    "{{- '{\"name\": \"' + call.function.name + '\", \"arguments\": ' + (call.function.arguments | tojson) + '}' -}}"
    "{%- endfor -%}{{- ']</tool_call>' -}}{%- endif -%}"
    "{{- '<|im_end|>\n' -}}{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\n' -}}{%- endif -%}"
)
"""Calls as a list within one pair of tags, outputs in the role of tools."""

FORMS = {"hermes": hermes(), "qwen3": QWEN3, "llama3": LLAMA3, "smollm2": SMOLLM2}
SIGNS = ["<|im_start|>", "<|im_end|>", "<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]


def with_template(template: str, **options: Any) -> PreTrainedTokenizerFast:
    """A tokenizer of bytes that knows the signs of all forms, with a template."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    core = Tokenizer(models.BPE({token: place for place, token in enumerate([*SIGNS, *letters])}, []))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=core, additional_special_tokens=SIGNS, **options)
    tokenizer.chat_template = template
    return copy.copy(tokenizer)
