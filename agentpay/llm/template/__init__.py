"""The provider that needs no model: understanding → action → tools → worded answers, in English and Portuguese.

Owns the words and the order in which tools are asked. Never decides a number, never repeats one that only the visitor
said, never reads the model's prompt: `Request.brief`, the open tools and their results are all it knows.
Invariants: the same request gives the same answer; every answer ends with one `Reply` that holds either tool calls or
text; no tool is asked twice with the same arguments in one turn. The phrases themselves hold no digits.
"""
