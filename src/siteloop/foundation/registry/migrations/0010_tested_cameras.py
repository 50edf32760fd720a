from django.db import migrations, models

TESTED = [
    ("hj212-2017", "HJ 212-2017"),
    ("hj212-2005", "HJ/T 212-2005"),
    ("hj212-2025", "HJ 212-2025"),
    ("jt808", "JT/T 808 车载终端"),
    ("lifting", "塔机与升降机（厂家帧）"),
    ("mqtt", "MQTT JSON"),
    ("http", "HTTP JSON"),
    ("weighbridge", "XK3190 地磅"),
    ("modbus", "Modbus TCP"),
    ("events", "事件推送（摄像机、门禁）"),
]


class Migration(migrations.Migration):
    dependencies = [("registry", "0009_pit_and_rooms")]

    operations = [
        migrations.AlterField(
            model_name="conformancereport",
            name="profile",
            field=models.CharField(choices=TESTED, max_length=20, verbose_name="测试协议"),
        ),
    ]
