from django.db import migrations, models

KINDS = [
    ("dust", "扬尘噪声监测"),
    ("sprayer", "喷淋雾炮"),
    ("tower_crane", "塔式起重机"),
    ("hoist", "施工升降机"),
    ("vehicle", "车载终端"),
    ("weighbridge", "地磅"),
    ("camera", "摄像机"),
    ("gate", "门禁闸机"),
    ("pit", "基坑监测点"),
    ("curing_room", "标准养护室"),
    ("energy_meter", "能耗计量"),
]
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
]
SPOKEN = [*TESTED, ("events", "事件推送（摄像机、门禁）")]


class Migration(migrations.Migration):
    dependencies = [("registry", "0008_tested_sensors")]

    operations = [
        migrations.AlterField(
            model_name="device",
            name="profile",
            field=models.CharField(choices=KINDS, db_index=True, max_length=20, verbose_name="设备类型"),
        ),
        migrations.AlterField(
            model_name="devicemodel",
            name="profile",
            field=models.CharField(choices=KINDS, max_length=20, verbose_name="设备类型"),
        ),
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
