widget-tides = Tides
widget-tides-hint = When the water is high
widget-tides-harbour = Harbour
widget-tides-said = High water at { $harbour } at six
