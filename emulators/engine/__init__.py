"""The engine: what is due when, what happened, how it is sent. It knows no provider."""
