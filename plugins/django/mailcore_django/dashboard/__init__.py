"""
What providers say of the account, in the admin: quota, statistics, identities, suppressions.

An optional app: ``"mailcore_django.dashboard"`` among ``INSTALLED_APPS``. It shows whatever
``provider.account`` of a mailer has, whichever provider that is, and sends nothing.
"""
