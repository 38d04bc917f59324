"""Who may do what: users, sessions, API tokens and one-time links; no HTTP, no templates."""
