"""Commands of ``manage.py``: the name of the file is that of the command."""
