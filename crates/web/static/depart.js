// Whoever has scripts is led on at once; others press the button.
document.getElementById('depart').submit()
