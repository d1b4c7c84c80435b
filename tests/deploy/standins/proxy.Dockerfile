FROM seatwise-standin-servers
