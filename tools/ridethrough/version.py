"""The version, where both the package and its build find it."""

VERSION = "0.1.0"
