"""A revision in the words of others: OpenAPI for its calls, AsyncAPI for its webhooks. All of it from the same data."""
