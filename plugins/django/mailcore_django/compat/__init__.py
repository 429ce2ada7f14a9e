"""Other packages' names for what is here, so that code which uses them needs other imports only."""
