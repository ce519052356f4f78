"""What one key may ask for: requests at a time, requests and tokens in a minute."""
