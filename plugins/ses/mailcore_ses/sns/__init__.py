"""Whether a message comes from an SNS topic that is trusted: signature, certificate, topic."""
