"""
django-anymail's modules: ``anymail.message`` becomes ``mailcore_django.compat.anymail.message``.

``message``, ``exceptions``, ``signals`` and ``inbound`` have django-anymail's names, for code that
was written for it. What each of them is here stands in the documentation; new code uses mailcore's
own.
"""
