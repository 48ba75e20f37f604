"""What a release has besides its packages: checksums, ``release.json``, manifests for winget and Homebrew."""
