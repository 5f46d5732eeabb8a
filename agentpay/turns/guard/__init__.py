"""What an agent's words may say, checked while they stream: amounts, percentages, links, codes, keys, the prompt.

`guard.Guard` lets a word go as soon as the next one begins, and holds back what may still become an amount. What this
conversation may say stands in `known.Known`, gathered by `facts.known_of` from records and tools' results; a visitor's
words are never a source. Everything here is pure, bounded and linear in the length of the text; cutting the text at
other places changes neither what is released nor what is found.
"""
