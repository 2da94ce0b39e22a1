"""The verbs as HTTP, for any language: who may ask, what can be asked, and the worlds that are asked about."""
