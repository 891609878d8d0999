"""The lesson "Many small lotteries: how many would you have to draw?"."""
