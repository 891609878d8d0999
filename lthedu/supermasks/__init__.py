"""What a mask knows: masks over weights that never train, by criterion, by gradient and by search without gradients."""
