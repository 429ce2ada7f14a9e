"""
Every way by which SES events arrive, besides webhooks over HTTP.

:mod:`mailcore_ses.intake.doors` unwraps them, :mod:`mailcore_ses.intake.consumer` takes them from a
queue of SQS, and :mod:`mailcore_ses.intake.aws_lambda` is the function that AWS Lambda invokes.
"""
