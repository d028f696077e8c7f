"""nbasset inside a notebook: magics, cards, the live panel and the words it speaks with its picture."""
