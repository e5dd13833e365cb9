"""The matrix of servers under graceful reload: which servers, how they are installed, judged and shown."""
