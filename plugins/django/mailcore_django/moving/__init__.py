"""What the settings of django-anymail and django-ses are here, and what has no equivalent."""
