"""Where rules meet meters: what a meter does to its hub, a matrix of both, and searches for what a rule lets
through or forbids for nothing.
"""
