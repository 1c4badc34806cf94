"""Who may come in, as what, and what they see: the door, accounts, second factors, sessions, the provider, roles and masking."""
