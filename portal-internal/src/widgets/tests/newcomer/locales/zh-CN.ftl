widget-tides = 潮汐
widget-tides-hint = 什么时候涨潮
widget-tides-harbour = 港口
widget-tides-said = { $harbour } 六点涨潮
