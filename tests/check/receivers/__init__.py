"""Apps under test: receivers of webhooks that are right, wrong in one known way, or as a framework's defaults make them."""
