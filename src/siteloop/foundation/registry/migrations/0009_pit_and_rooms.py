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
    ]
