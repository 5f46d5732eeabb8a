"""What the merchant wants the agent to know: articles, cut into passages, found by their words.

Owns articles and the vocabulary of what can be searched (`search_words`), which the catalogue uses too.
Never fetches an article's URL, never shows one organization's words to another.
Invariants: a passage belongs to the article's present text; `search_words.documents` is the number of indexed rows that
hold the word, changed in the transaction that changes them, under one lock per organization.
"""
