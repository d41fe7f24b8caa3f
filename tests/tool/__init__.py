"""The tool that services carry, as any package."""
