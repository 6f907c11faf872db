"""verify_privacy: the proof of the privacy policy on a running stack."""
