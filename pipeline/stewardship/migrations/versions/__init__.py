"""One module a change of the store's tables; never edited once released."""
