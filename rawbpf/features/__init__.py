"""What this kernel can do, asked of the kernel itself.

``table`` has one row a feature: since which kernel, by which commit, and how to ask. Versions alone
would lie in both directions: vendors bring features back to old kernels, and a new kernel may be
built without them. So each row has a probe that tries the thing itself, on objects that nobody else
sees and that are gone when it returns; nothing is attached to anything.

A probe has three outcomes, since "no" and "could not tell" lead to different advice.
"""
