"""English as users, assistants and graders understand it: words, sentences, tokens, acts of speech, consent.

There is one rule for each: all code that asks whether a user said yes, or whether a text holds a figure, asks here.
"""
