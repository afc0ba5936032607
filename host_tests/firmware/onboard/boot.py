import gc

gc.threshold(16_384)  # as esme/resume.py
