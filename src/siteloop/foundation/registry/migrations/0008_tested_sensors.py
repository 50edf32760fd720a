from django.db import migrations, models

TESTED = [
    ("hj212-2017", "HJ 212-2017"),
    ("hj212-2005", "HJ/T 212-2005"),
    ("hj212-2025", "HJ 212-2025"),
    ("jt808", "JT/T 808 车载终端"),
    ("lifting", "塔机与升降机（厂家帧）"),
    ("mqtt", "MQTT JSON"),
    ("weighbridge", "XK3190 地磅"),
    ("modbus", "Modbus TCP"),
]
SPOKEN = [*TESTED, ("http", "HTTP JSON"), ("events", "事件推送（摄像机、门禁）")]


class Migration(migrations.Migration):
    dependencies = [("registry", "0007_polled_devices")]

    operations = [
        migrations.AlterField(
            model_name="conformancereport",
            name="profile",
            field=models.CharField(choices=TESTED, max_length=20, verbose_name="测试协议"),
        ),
        migrations.AlterField(
            model_name="devicemodel",
            name="protocol",
            field=models.CharField(choices=SPOKEN, max_length=20, verbose_name="通信协议"),
        ),
    ]
