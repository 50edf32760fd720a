"""JT/T 808-2013 and -2019: vehicle terminals (道路运输车辆卫星定位系统终端通讯协议)."""
